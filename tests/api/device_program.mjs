// Signs in as a device with openid-client, unchanged. PORTAL is the portal's address. Prints the user code, then the token.

import * as client from "openid-client";

const portal = process.env.PORTAL;
const server = {
  issuer: portal,
  device_authorization_endpoint: `${portal}/oauth/device_authorization`,
  token_endpoint: `${portal}/cli/token`,
};
const configuration = new client.Configuration(server, "openid-client", undefined, client.None());
client.allowInsecureRequests(configuration);

const asked = await client.initiateDeviceAuthorization(configuration, { scope: "user" });
console.log(`user code ${asked.user_code}`);
const given = await client.pollDeviceAuthorizationGrant(configuration, asked);
console.log(given.access_token);
