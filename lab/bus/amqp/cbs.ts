import type { EventContext, Receiver } from "rhea";
import rhea from "rhea";
import { entityNotFound } from "./conditions.ts";
import type { EntityFinder } from "./entity.ts";
import type { ReplyLinks } from "./reply-links.ts";
import { decodeMessage, messageBytes } from "./rhea-internals.ts";

/**
 * Serves `$cbs`, where a client puts a token before it opens a link. Every token will do, but the entity must exist:
 * the client takes "not found" from here as final.
 */
export function serveCbs(link: Receiver, { findEntity, replies }: Context): void {
  link.set_target({ address: link.target.address });
  link.on("message", (context: EventContext) => {
    const request = decodeMessage(messageBytes(context).bytes);
    context.delivery?.accept();
    const audience = String(request.application_properties?.name);
    const isKnown = findEntity(URL.parse(audience)?.pathname ?? audience) !== undefined;
    replies.reply(request, {
      "status-code": rhea.types.wrap_int(isKnown ? 202 : 404),
      "status-description": isKnown ? "Accepted" : entityNotFound(audience).description,
    });
  });
}

type Context = { readonly findEntity: EntityFinder; readonly replies: ReplyLinks };
