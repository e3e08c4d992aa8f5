import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { Body } from "./graph-world.ts";

/** An endpoint that receives notifications, as an app would have it. */
export type Webhook = {
  readonly url: string;
  /** Bodies of the POSTs received, oldest first. */
  readonly posts: { readonly value: readonly Body[] }[];
  /** All notifications of all POSTs. */
  notifications(): Body[];
  /** How the next notifications are answered. */
  answer: number | "never";
  /** How validation requests are answered; by default with the decoded token. */
  validate: (token: string, response: ServerResponse) => void;
  /** Query strings and content types of the validation requests. */
  readonly validations: { readonly query: string; readonly type: string | undefined }[];
};

export async function webhook(): Promise<Webhook> {
  const hook: Webhook = {
    url: "",
    posts: [],
    notifications: () => hook.posts.flatMap(({ value }) => value),
    answer: 202,
    validate: (token, response) => response.writeHead(200, { "Content-Type": "text/plain" }).end(token),
    validations: [],
  };
  const server = createServer((request, response) => void receive(hook, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  // A listening TCP server has an address with a port.
  const { port } = server.address() as AddressInfo;
  return Object.assign(hook, { url: `http://127.0.0.1:${port}/notify` });
}

async function receive(hook: Webhook, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const token = url.searchParams.get("validationToken");
  if (token !== null) {
    hook.validations.push({ query: url.search, type: request.headers["content-type"] });
    return hook.validate(token, response);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  hook.posts.push(JSON.parse(Buffer.concat(chunks).toString()) as { value: Body[] });
  if (hook.answer !== "never") response.writeHead(hook.answer).end();
}
