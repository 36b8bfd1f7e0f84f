// The API's interactive page: Swagger UI over the portal's own OpenAPI document. A token typed in here lives as long as the page.
const place = document.getElementById("api");

SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
  requestInterceptor: (request) => {
    // The document names PORTAL_URL. A page that was opened by another of the portal's names sends its requests to that name.
    const url = new URL(request.url, location.href);
    return { ...request, url: location.origin + url.pathname + url.search, credentials: "omit" };
  },
});
