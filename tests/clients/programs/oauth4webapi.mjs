// oauth4webapi, unchanged: `check METHOD` introspects and revokes the token TOKEN.

import * as oauth from "oauth4webapi";

const method = process.argv[3];
const { PORTAL, SECRET, TOKEN } = process.env;
const issuer = new URL(PORTAL);
const options = { [oauth.allowInsecureRequests]: true };
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...options }));
const client = { client_id: "any" };
const authentication = { client_secret_basic: oauth.ClientSecretBasic, client_secret_post: oauth.ClientSecretPost }[method](SECRET);

async function introspected() {
  const response = await oauth.introspectionRequest(server, client, authentication, TOKEN, options);
  return await oauth.processIntrospectionResponse(server, client, response);
}

const before = await introspected();
await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, authentication, TOKEN, options));
console.log(JSON.stringify([before, 200, await introspected()]));
