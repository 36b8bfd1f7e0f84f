// Signs in as a device with openid-client, unchanged. PORTAL is the portal's address. Prints the user code, then the token.

import * as client from "openid-client";

const options = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };
const configuration = await client.discovery(new URL(process.env.PORTAL), "openid-client", undefined, client.None(), options);
const asked = await client.initiateDeviceAuthorization(configuration, { scope: "user" });
console.log(`user code ${asked.user_code}`);
const given = await client.pollDeviceAuthorizationGrant(configuration, asked);
console.log(given.access_token);
