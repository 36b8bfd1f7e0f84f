// Calls every operation through openapi-fetch with the types that openapi-typescript has generated as schema.d.ts. Run by
// tests/openapi/test_typescript_client.py, which also checks its types.
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema.js";

type TokenMade = components["schemas"]["TokenMade"];

// Each line is a request that was sent: its method, path and status.
const report: Middleware = {
  onResponse({ request, response }) {
    console.log(request.method, new URL(request.url).pathname, response.status);
  },
};

function clientWith(token: string) {
  const client = createClient<paths>({ baseUrl: process.env.PORTAL, headers: token ? { Authorization: `Bearer ${token}` } : {} });
  client.use(report);
  return client;
}

// openapi-fetch writes JSON unless it is told otherwise.
const asForm = {
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
  bodySerializer: (body: Record<string, string>) => new URLSearchParams(body).toString(),
};

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

function got<T>(result: { data?: T; error?: components["schemas"]["Error"] }): T {
  check(result.data !== undefined, `${result.error?.error}: ${result.error?.error_description}`);
  return result.data;
}

const client = clientWith(process.env.TOKEN ?? "");
const username = "node-robot";
const robot = { params: { path: { username } } };

async function users(): Promise<void> {
  const made = got(await client.POST("/api/v1/users", { body: { username, display_name: "Robot", role: "user" } }));
  check(made.role === "user" && made.last_login === null, "created");
  const etag = (await client.GET("/api/v1/users/{username}", robot)).response.headers.get("ETag") ?? "";
  const change = { params: { path: { username }, header: { "If-Match": etag } }, body: { may_introspect: true } };
  const changed = got(await client.PATCH("/api/v1/users/{username}", change));
  check(changed.may_introspect && changed.display_name === "Robot", "changed");
  const stale = await client.PATCH("/api/v1/users/{username}", change);
  check(stale.response.status === 412 && stale.error?.error === "precondition_failed", "stale");
  check(!got(await client.POST("/api/v1/users/{username}/deactivate", robot)).is_active, "deactivated");
  check(got(await client.POST("/api/v1/users/{username}/activate", robot)).is_active, "activated");
  const page = got(await client.GET("/api/v1/users", { params: { query: { q: username, limit: 1 } } }));
  check(page.items[0]?.username === username, "listed");
}

async function newToken(name: string): Promise<TokenMade> {
  const asked = { params: { path: { username }, header: { "Idempotency-Key": crypto.randomUUID() } }, body: { name } };
  const made = got(await client.POST("/api/v1/users/{username}/tokens", asked));
  const again = got(await client.POST("/api/v1/users/{username}/tokens", asked));
  check("secret" in made && !("secret" in again) && made.id === again.id, "created once");
  return made;
}

async function tokens(): Promise<void> {
  const [first, second] = [await newToken("first"), await newToken("second")];
  const described = got(await client.POST("/oauth/introspect", { body: { token: first.secret }, ...asForm }));
  check(described.active && described.username === username, "introspected");
  const theirs = clientWith(first.secret);
  check((await theirs.GET("/verify")).response.headers.get("X-Auth-User") === username, "verified");
  const one = { params: { path: { token_id: first.id } } };
  check(got(await client.GET("/api/v1/tokens/{token_id}", one)).status === "active", "read");
  const page = got(await client.GET("/api/v1/tokens", { params: { query: { user: username, status: "active" } } }));
  check(page.items.length === 2, "listed");
  check(got(await client.POST("/api/v1/tokens/{token_id}/revoke", one)).status === "revoked", "revoked");
  got(await client.POST("/oauth/revoke", { body: { token: second.secret }, ...asForm }));
  const rejected = await theirs.GET("/verify");
  check(rejected.response.status === 401 && rejected.error?.error === "invalid_token", "rejected");
}

async function config(): Promise<void> {
  const key = { params: { path: { key: "session_minutes" as const } } };
  const read = got(await client.GET("/api/v1/config/{key}", key));
  const written = got(await client.PUT("/api/v1/config/{key}", { ...key, body: { value: "90" } }));
  check(written.value === "90" && written.default === read.default && written.is_set, "set");
  check((await client.DELETE("/api/v1/config/{key}", key)).response.status === 204, "reset");
  check(got(await client.GET("/api/v1/config")).items.some((each) => each.key === "session_minutes"), "listed");
}

async function faults(): Promise<void> {
  const [fault] = got(await client.GET("/api/v1/faults")).items;
  check(fault !== undefined, "listed");
  const path = { params: { path: { fault_id: fault.id } } };
  check(got(await client.POST("/api/v1/faults/{fault_id}/acknowledge", path)).acknowledged_by !== null, "acknowledged");
  check(got(await client.DELETE("/api/v1/faults/{fault_id}/acknowledge", path)).acknowledged_by === null, "not acknowledged");
}

async function audit(): Promise<void> {
  const page = got(await client.GET("/api/v1/audit", { params: { query: { limit: 1 } } }));
  const [entry] = page.items;
  check(entry !== undefined && entry.event.length > 0 && page.next === entry.sequence, "sealed entries");
}

async function signIn(): Promise<void> {
  const body = { code: process.env.CODE ?? "", code_verifier: process.env.VERIFIER ?? "" };
  const anonymous = clientWith("");
  const { data: metadata } = await anonymous.GET("/.well-known/oauth-authorization-server");
  check(metadata?.token_endpoint.endsWith("/cli/token") === true, "metadata");
  const given = got(await anonymous.POST("/cli/token", { body, ...asForm }));
  check(given.token_type === "Bearer" && given.expires_in > 0, "signed in");
  const codes = got(await anonymous.POST("/oauth/device_authorization", { body: { client_id: "robot" }, ...asForm }));
  const poll = { grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: codes.device_code };
  const pending = await anonymous.POST("/cli/token", { body: poll, ...asForm });
  check(pending.error?.error === "authorization_pending", "pending");
}

async function sessions(username: string): Promise<void> {
  const theirs = { params: { path: { username } } };
  check(got(await client.GET("/api/v1/users/{username}/sessions", theirs)).items.length > 0, "sessions");
  check((await client.DELETE("/api/v1/users/{username}/sessions", theirs)).response.status === 204, "sessions ended");
  check(got(await client.GET("/api/v1/users/{username}/sessions", theirs)).items.length === 0, "no sessions");
}

const me = got(await client.GET("/api/v1/whoami"));
await users();
await tokens();
await config();
await faults();
await audit();
await signIn();
await sessions(me.user.username);
check((await client.DELETE("/api/v1/users/{username}", robot)).response.status === 204, "deleted");
