import type { Queue } from "../engine/queue.ts";

/** Finds what an address names: the messages of a queue or dead-letter queue, or the node that manages them. */
export type EntityFinder = (
  address: string,
) => { readonly queue: Queue; readonly node: "messages" | "management" } | undefined;

/** Addresses are `queue`, `queue/$DeadLetterQueue`, and each with `/$management`; case does not matter. */
export function entityFinder(queues: ReadonlyMap<string, Queue>): EntityFinder {
  return (address) => {
    const path = address.toLowerCase().split("/").filter(Boolean);
    const node = path.at(-1) === "$management" ? "management" : "messages";
    if (node === "management") path.pop();
    const [name, subQueue, ...rest] = path;
    const queue = queues.get(name ?? "");
    if (queue === undefined || rest.length > 0) return undefined;
    if (subQueue === undefined) return { queue, node };
    return subQueue === "$deadletterqueue" && queue.deadLetters !== undefined
      ? { queue: queue.deadLetters, node }
      : undefined;
  };
}
