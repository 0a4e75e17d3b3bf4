// The three flows of Handrail against a service that runs: a participant is added, a message is sent, and the chat is
// summarized. TestTheThreeFlowsInTypeScript runs it.

import { allItems, createClient, newIdempotencyKey, ProblemError, waitForAction } from "./index.js";

declare const process: { env: Record<string, string | undefined> };

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set`);
  }

  return value;
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition) {
    throw new Error(`not so: ${what}`);
  }
}

const workspace = setting("HANDRAIL_WORKSPACE");
const chatId = Number(setting("HANDRAIL_CHAT"));
const memberId = Number(setting("HANDRAIL_MEMBER"));
const api = createClient({ url: setting("HANDRAIL_URL"), key: setting("HANDRAIL_API_KEY") });
const path = { workspace_uuid: workspace, chat_id: chatId };

const added = await api.POST("/api/v2/w/{workspace_uuid}/chats/{chat_id}/participants", {
  params: { path, header: { "Idempotency-Key": newIdempotencyKey() } },
  body: { member_id: memberId, role: "observer" },
});

check(added.response.status === 200, "the participant is added");

const key = newIdempotencyKey();

async function send(): Promise<string> {
  const sent = await api.POST("/api/v2/w/{workspace_uuid}/chats/{chat_id}/send-assistant-message", {
    params: { path, header: { "Idempotency-Key": key, Prefer: "respond-async" } },
    body: { message: "Your table is booked." },
  });

  check(sent.data !== undefined, "a send is answered");

  return sent.data.action_id;
}

const action = await send();
const ended = await waitForAction(api, workspace, action);
check(ended.state === "succeeded", `the message is sent, not ${ended.status}`);
check((await send()) === action, "the same key sends nothing twice");

const summarized = await api.POST("/api/v2/w/{workspace_uuid}/chats/{chat_id}/summarize", {
  params: { path, header: { "Idempotency-Key": newIdempotencyKey() } },
});

check(summarized.response.status === 200, "the chat is summarized");

const texts: string[] = [];
const messages = allItems((cursor) =>
  api.GET("/api/v2/w/{workspace_uuid}/chats/{chat_id}/messages", {
    params: { path, query: { limit: 1, ...(cursor === undefined ? {} : { cursor }) } },
  }),
);

for await (const message of messages) {
  texts.push(message.content);
}

check(texts.filter((text) => text === "Your table is booked.").length === 1, "the message is there once");

try {
  await api.GET("/api/v2/w/{workspace_uuid}/chats/{chat_id}", {
    params: { path: { workspace_uuid: workspace, chat_id: 999_999 } },
  });

  check(false, "a chat that is not there is refused");
} catch (error) {
  check(error instanceof ProblemError && error.code === "chat_not_found", `refused with its code, not ${error}`);
}
