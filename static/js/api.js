// The API's interactive page: Swagger UI over the portal's own OpenAPI document. A token typed in here lives as long as the page.
const place = document.getElementById("api");

SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
  requestInterceptor: (request) => ({ ...request, credentials: "omit" }),
});
