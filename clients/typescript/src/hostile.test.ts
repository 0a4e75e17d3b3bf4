// What the client makes of answers that are none of Handrail's. TestTheThreeFlowsInTypeScript runs it.

import { allItems, createClient, UnexpectedAnswerError, waitForAction } from "./index.js";

function check(condition: boolean, what: string): asserts condition {
  if (!condition) {
    throw new Error(`not so: ${what}`);
  }
}

/** A client whose requests are all answered with one answer, and the requests that it has made. */
function played(status: number, body: string, headers: Record<string, string> = {}) {
  const requests: Request[] = [];
  const api = createClient({
    url: "http://127.0.0.1:1",
    key: "hr_test",
    fetch: async (request) => {
      requests.push(request);
      check(requests.length < 5, "it ends");

      return new Response(body, { status, headers: { "Content-Type": "application/json", ...headers } });
    },
  });

  return { api, requests };
}

async function refused(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    await ask();
  } catch (error) {
    return error;
  }

  throw new Error("nothing was thrown");
}

const workspace = "11111111-1111-4111-8111-111111111111";

const redirected = played(307, "", { Location: "https://elsewhere.example" });
const led = await refused(() =>
  redirected.api.GET("/api/v2/w/{workspace_uuid}/status", { params: { path: { workspace_uuid: workspace } } }),
);

check(led instanceof UnexpectedAnswerError, "a redirect is an error");
check(redirected.requests[0]?.redirect === "manual", "a redirect is not followed");

for (const body of [`{"state":"failed"}`, `{"state":"exploded"}`, `{}`]) {
  const { api } = played(200, body);
  const error = await refused(() => waitForAction(api, workspace, "a"));
  check(error instanceof UnexpectedAnswerError, `an action without an outcome is no success: ${body}`);
}

const broken = played(503, "<html>", { "Content-Type": "application/problem+json" });
const unread = await refused(() => waitForAction(broken.api, workspace, "a"));
check(unread instanceof UnexpectedAnswerError, "a problem that cannot be read is an error of its own");

const endless = await refused(async () => {
  const seen: number[] = [];

  for await (const item of allItems<number>(async () => ({ data: { items: [1], next_cursor: "c" } }))) {
    seen.push(item);
    check(seen.length < 5, "a list ends");
  }
});

check(String(endless).includes("the same one again"), "a list whose next page is the same again ends");
