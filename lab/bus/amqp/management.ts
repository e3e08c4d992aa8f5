import rhea from "rhea";
import type { EventContext, Receiver } from "rhea";
import type { Queue } from "../engine/queue.ts";
import { operations, type ManagementAnswer, type ManagementRequest } from "./management-operations.ts";
import type { ReplyLinks } from "./reply-links.ts";
import { decodeMessage, messageBytes } from "./rhea-internals.ts";

/** Serves `<queue>/$management`: requests that are not about a link, such as renewing, scheduling and peeking. */
export function serveManagement(link: Receiver, queue: Queue, replies: ReplyLinks): void {
  link.set_target({ address: link.target.address });
  link.on("message", (context: EventContext) => {
    const request = decodeMessage(messageBytes(context).bytes);
    context.delivery?.accept();
    const properties: Readonly<Record<string, unknown>> = request.application_properties ?? {};
    const linkName = properties["associated-link-name"];
    const answer = answerTo(String(properties["operation"]), {
      queue,
      body: request.body,
      linkName: typeof linkName === "string" ? linkName : undefined,
    });
    replies.reply(request, headersOf(answer), answer.body);
  });
}

function answerTo(name: string, request: ManagementRequest): ManagementAnswer {
  const operation = operations[name];
  if (operation !== undefined) return operation(request);
  const description = `The lab's broker does not know the operation '${name}'.`;
  return { status: 501, refusal: { condition: "amqp:not-implemented", description } };
}

// The client reads these names exactly; `$cbs` spells them otherwise.
function headersOf({ status, refusal }: ManagementAnswer): Record<string, unknown> {
  return {
    statusCode: rhea.types.wrap_int(status),
    statusDescription: refusal?.description ?? "OK",
    ...(refusal === undefined ? {} : { errorCondition: rhea.types.wrap_symbol(refusal.condition) }),
  };
}
