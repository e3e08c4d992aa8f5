import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { describe, expect, it } from "vitest";
import { toTriggerMessage } from "../../lab/host/service-bus-message.ts";

// Only what a conversion reads; a real message has more.
const received = (message: Partial<ServiceBusReceivedMessage>) => message as ServiceBusReceivedMessage;
const metadataOf = (message: Partial<ServiceBusReceivedMessage>) =>
  toTriggerMessage(received({ body: Buffer.from(""), ...message }), "text").metadata;
const ofBody = (body: object) =>
  metadataOf({ body: Buffer.from(JSON.stringify(body)), sessionId: "s-1", deliveryCount: 0 });

describe("a Service Bus message on its way to the library", () => {
  it("keeps its body as the text that was sent, for the library to parse", () => {
    const data = (body: unknown) => toTriggerMessage(received({ body }), "text").data;
    expect(data(Buffer.from('{"a":1}'))).toEqual({ string: '{"a":1}' });
    expect(data(Buffer.from('"quoted"'))).toEqual({ string: '"quoted"' });
    expect(data("an AMQP value")).toEqual({ string: "an AMQP value" });
    expect(data(Buffer.from(""))).toEqual({ string: "" });
  });

  it("keeps its bytes when the trigger asks for binary", () => {
    const bytes = Buffer.from([0, 255]);
    expect(toTriggerMessage(received({ body: bytes }), "binary").data).toEqual({ bytes });
  });

  it("cannot be converted when its body is an AMQP value other than text", () => {
    expect(() => toTriggerMessage(received({ body: 5, messageId: "m-1" }), "text")).toThrow(
      "Message m-1 has an AMQP body that is neither bytes nor text",
    );
  });

  it("counts this delivery, where the SDK counts the earlier ones", () => {
    expect(metadataOf({ deliveryCount: 0 })["DeliveryCount"]).toEqual({ json: "1" });
    expect(metadataOf({ deliveryCount: 4 })["DeliveryCount"]).toEqual({ json: "5" });
  });

  it("writes times without a zone under …Utc and with +00:00 otherwise, without zeros at the end", () => {
    const metadata = metadataOf({ enqueuedTimeUtc: new Date("2026-11-20T13:13:10.380Z") });
    expect(metadata["EnqueuedTimeUtc"]).toEqual({ json: '"2026-11-20T13:13:10.38"' });
    expect(metadata["EnqueuedTime"]).toEqual({ json: '"2026-11-20T13:13:10.38+00:00"' });
    expect(metadataOf({ enqueuedTimeUtc: new Date("2026-11-20T13:13:10Z") })["EnqueuedTime"]).toEqual({
      json: '"2026-11-20T13:13:10+00:00"',
    });
    expect(metadata["ExpiresAt"]).toEqual({ json: '"9999-12-31T23:59:59.9999999+00:00"' });
  });

  it("leaves out what is absent and passes strings on as strings, which the library parses", () => {
    const metadata = metadataOf({ messageId: "12345678901234567890", sessionId: "42", subject: "s" });
    expect(metadata).toMatchObject({
      MessageId: { string: "12345678901234567890" },
      SessionId: { string: "42" },
      Subject: { string: "s" },
      Label: { string: "s" },
    });
    expect(metadata).not.toHaveProperty("CorrelationId");
  });

  it("lets top-level fields of a JSON object overwrite metadata of the same name, whatever the case", () => {
    expect(ofBody({ sessionId: "evil", DELIVERYCOUNT: 7 })).toMatchObject({
      SessionId: { string: "evil" },
      DeliveryCount: { string: "7" },
    });
    expect(ofBody({ sessionId: "evil" })).not.toHaveProperty("sessionId");
  });

  it("adds other fields too: numbers and booleans as .NET's text, objects as JSON, but no arrays or nulls", () => {
    const metadata = ofBody({ n: 1.5, yes: true, no: false, o: { a: 1 }, list: [1], nothing: null });
    expect(metadata).toMatchObject({
      n: { string: "1.5" },
      yes: { string: "True" },
      no: { string: "False" },
      o: { json: '{"a":1}' },
    });
    expect(metadata).not.toHaveProperty("list");
    expect(metadata).not.toHaveProperty("nothing");
  });

  it("takes no fields from a body that is a JSON array, a JSON text or no JSON", () => {
    for (const body of ['["sessionId"]', '"sessionId"', "sessionId=evil"]) {
      const metadata = metadataOf({ body: Buffer.from(body), sessionId: "s-1" });
      expect(metadata["SessionId"]).toEqual({ string: "s-1" });
      expect(metadata).not.toHaveProperty("0");
    }
  });
});
