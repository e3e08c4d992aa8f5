import { ServiceBusClient } from "@azure/service-bus";
import { analystIdSchema, tenantIdSchema } from "../../shared/model/ids.ts";
import type { Message } from "../../shared/queue/keys.ts";
import { sender } from "../../shared/queue/sender.ts";
import { idsOf } from "./ids.ts";
import { pairsOf, type WorldScene } from "./scene.ts";

/** Keys without news, of every analyst and every pair: what a look at them writes, no event has asked for. */
export async function lookAtEverybody(scene: WorldScene): Promise<void> {
  const { lab } = scene;
  const common = { cause: "another look", heardAt: Math.floor(lab.clock.now()), occasion: "check" } as const;
  const messages = pairsOf(scene).flatMap(({ citizen, target }): readonly Message[] => {
    const analyst = analystIdSchema.parse(citizen.id);
    const tenants = [idsOf.tenant(target.name), lab.world.source.tenantId];
    return [
      { key: { kind: "analyst", analyst }, ...common },
      ...tenants.map((tenant): Message => ({
        key: { kind: "access", tenant: tenantIdSchema.parse(tenant), analyst },
        ...common,
        version: null,
      })),
    ];
  });
  const client = new ServiceBusClient(lab.bus.connectionString);
  await sender(client).send(messages);
  await client.close();
}
