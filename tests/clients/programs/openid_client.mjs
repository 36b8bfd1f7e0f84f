// openid-client, unchanged. `check METHOD`: introspects and revokes the token TOKEN; `sign-in`: signs a user in through a browser;
// `device`: through a browser on another machine.

import { createServer } from "node:http";
import * as client from "openid-client";

const [action, method] = process.argv.slice(2);
const { PORTAL, SECRET, TOKEN } = process.env;
const options = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };
const discovered = (name, authentication) => client.discovery(new URL(PORTAL), name, undefined, authentication, options);

async function check() {
  const authentication = { client_secret_basic: client.ClientSecretBasic, client_secret_post: client.ClientSecretPost }[method];
  const configuration = await discovered("any", authentication(SECRET));
  const before = await client.tokenIntrospection(configuration, TOKEN);
  await client.tokenRevocation(configuration, TOKEN);
  console.log(JSON.stringify([before, 200, await client.tokenIntrospection(configuration, TOKEN)]));
}

async function signIn() {
  const configuration = await discovered("openid-client", client.None());
  if (!configuration.serverMetadata().supportsPKCE()) throw new Error("the metadata does not promise PKCE");
  const verifier = client.randomPKCECodeVerifier();
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const redirect = `http://127.0.0.1:${server.address().port}/callback`;
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: redirect,
    scope: "user",
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  console.log(`open ${url.href}`);
  const answer = await new Promise((resolve) => server.once("request", (request, response) => resolve(request.url) || response.end()));
  server.close();
  const given = await client.authorizationCodeGrant(configuration, new URL(answer, redirect), { pkceCodeVerifier: verifier });
  console.log(given.access_token);
}

async function device() {
  const configuration = await discovered("openid-client", client.None());
  const asked = await client.initiateDeviceAuthorization(configuration, { scope: "user" });
  console.log(`enter ${asked.user_code}`);
  const given = await client.pollDeviceAuthorizationGrant(configuration, asked);
  console.log(given.access_token);
}

await { check, device, "sign-in": signIn }[action]();
