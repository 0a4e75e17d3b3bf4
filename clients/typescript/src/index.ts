// Calls Handrail's API. The types are generated from its OpenAPI document; see README.md.

import createFetchClient, { type Client, type ClientOptions, type Middleware } from "openapi-fetch";

import type { components, paths } from "./schema.js";

export type { components, operations, paths } from "./schema.js";

type Schemas = components["schemas"];

/** An action, with its result when it has succeeded. */
export type Action = Schemas["WholeAction"];

/** A problem of the API (RFC 9457). */
export type Problem = Schemas["Problem"];

/** A refusal of the API. `code` is stable, `message` is for people. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  constructor(
    readonly problem: Problem,
    /** Names the request in the server's logs. */
    readonly requestId: string | undefined,
    /** For how many seconds the server asks to wait before the same request. */
    readonly retryAfter: number | undefined,
  ) {
    super(`${problem.detail} (${problem.code})`);
  }

  get code(): Problem["code"] {
    return this.problem.code;
  }

  get status(): number {
    return this.problem.status;
  }
}

/** An answer that Handrail's API does not give. */
export class UnexpectedAnswerError extends Error {
  override readonly name = "UnexpectedAnswerError";

  constructor(readonly status: number) {
    super(`the answer has status ${status}, and this is not Handrail's API`);
  }
}

/** The address of the API and the key. The rest are options of openapi-fetch. */
export interface Settings extends Omit<ClientOptions, "baseUrl"> {
  /** Like https://handrail.example.com. */
  url: string;
  /** An API key, hr_… */
  key: string;
}

/** Methods for each path of the document: `api.GET("/api/v2/w/{workspace_uuid}/chats", …)`. */
export type API = Client<paths>;

/** Returns a client. It throws a ProblemError for whatever the API refuses, so `data` is set otherwise. */
export function createClient({ url, key, ...options }: Settings): API {
  // The API has no redirects. Following one would send the request to another server.
  const api = createFetchClient<paths>({ redirect: "manual", ...options, baseUrl: url.replace(/\/+$/, "") });
  api.use(addKey(key), throwProblems);

  return api;
}

function addKey(key: string): Middleware {
  return {
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${key}`);

      return request;
    },
  };
}

const throwProblems: Middleware = {
  async onResponse({ response }) {
    if (response.ok) {
      return;
    }

    const problem = await readProblem(response);
    if (problem === undefined) {
      throw new UnexpectedAnswerError(response.status);
    }

    const wait = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);

    throw new ProblemError(
      problem,
      response.headers.get("X-Request-Id") ?? undefined,
      Number.isNaN(wait) ? undefined : wait,
    );
  },
};

async function readProblem(response: Response): Promise<Problem | undefined> {
  if (!response.headers.get("Content-Type")?.startsWith("application/problem+json")) {
    return undefined;
  }

  try {
    const problem = (await response.json()) as Partial<Problem> | null;

    return typeof problem?.code === "string" ? (problem as Problem) : undefined;
  } catch {
    return undefined;
  }
}

/** Returns a random Idempotency-Key. Store it, and use it again when the same request is repeated. */
export function newIdempotencyKey(): string {
  return crypto.randomUUID();
}

/** How many seconds the server is asked to wait for an action. */
const actionWait = 25;

/**
 * Follows an action that was answered 202 until it has ended, or waits for more than a moment. Its state is then
 * "succeeded", with the result that the first request would have been answered with, or "parked", when it waits for a
 * person or for another try. An action that has failed is thrown as a ProblemError.
 */
export async function waitForAction(api: API, workspace: string, actionId: string): Promise<Action> {
  for (;;) {
    const { data: action, response } = await api.GET("/api/v2/w/{workspace_uuid}/actions/{action_id}", {
      params: {
        path: { workspace_uuid: workspace, action_id: actionId },
        query: { wait: actionWait },
      },
    });

    if (action === undefined) {
      throw new UnexpectedAnswerError(response.status);
    }

    if (action.state === "failed" && action.problem !== undefined) {
      throw new ProblemError(action.problem, undefined, undefined);
    }

    if (action.state === "succeeded" || action.state === "parked") {
      return action;
    }

    // A failed action without a problem is not an answer of this API.
    if (action.state !== "running") {
      throw new UnexpectedAnswerError(response.status);
    }

    // A server that is stopping answers at once, so pause.
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** A page of any list of the API. */
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** Yields all entries of a list, page after page. `fetchPage` gets undefined as the cursor of the first page. */
export async function* allItems<T>(
  fetchPage: (cursor: string | undefined) => Promise<{ data?: Page<T> }>,
): AsyncGenerator<T, void, undefined> {
  let cursor: string | undefined;

  do {
    const { data: page } = await fetchPage(cursor);
    yield* page?.items ?? [];

    const next = page?.next_cursor ?? undefined;
    if (next !== undefined && next === cursor) {
      throw new Error("the next page of a list is the same one again");
    }

    cursor = next;
  } while (cursor !== undefined);
}
