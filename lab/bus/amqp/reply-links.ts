import type { Message, Sender } from "rhea";

/** The links of one connection over which answers go back; a request names one of them in `reply_to`. */
export class ReplyLinks {
  readonly #links = new Map<string, Sender>();

  add(link: Sender): void {
    this.#links.set(link.name, link);
    link.on("sender_close", () => this.#links.delete(link.name));
  }

  reply(request: Message, properties: Readonly<Record<string, unknown>>, body?: unknown): void {
    const link = this.#links.get(String(request.reply_to));
    const answer: Message = {
      body,
      application_properties: { ...properties },
      ...(request.message_id === undefined ? {} : { correlation_id: request.message_id }),
    };
    const delivery = link?.send(answer);
    // Settled from the start: otherwise the client writes a disposition that nobody answers, and its next request
    // waits 40 ms behind that in Nagle's algorithm.
    if (delivery !== undefined) (delivery as { settled: boolean }).settled = true;
  }
}
