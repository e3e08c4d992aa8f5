/** How kind the world is: `calm` is for tests of one rule, `azure` is what people meet, `storm` the worst that is legal. */
export const weatherNames = ["calm", "azure", "storm"] as const;
export type WeatherName = (typeof weatherNames)[number];

/** From and to, milliseconds of virtual time; each case is drawn from the lab's seed. */
export type Span = readonly [fromMs: number, toMs: number];

/**
 * Everything about the world that is not the same in every weather, in one table. A share is the part of all cases (0 to 1)
 * to which it happens. Whoever needs another value in a test sets it as a fault.
 *
 * `azure` is what Microsoft documents or what people report; where neither says a number, one was chosen that a careful
 * program has to live with. docs/lab.md shows the same table.
 */
const table = {
  /** From the assignment of a user to the sync application until on-demand provisioning sees it. Docs: "up to a few minutes". */
  assignmentMs: { calm: [0, 0], azure: [60_000, 180_000], storm: [120_000, 420_000] },
  /** How long provisionOnDemand takes to answer. Docs: typically under 30 s. */
  onDemandMs: { calm: [0, 0], azure: [5_000, 25_000], storm: [15_000, 55_000] },
  /**
   * From a request for an access package until its delivery, or its removal, is done. Not documented; people report seconds to
   * minutes, and more when the service is busy.
   */
  packageDeliveryMs: { calm: [0, 0], azure: [10_000, 120_000], storm: [60_000, 1_200_000] },
  /** How long an object that was just made is unseen, by reads and as a reference in writes. Reported: seconds. */
  newObjectMs: { calm: [0, 0], azure: [500, 5_000], storm: [2_000, 30_000] },
  /** How far behind the replica is that answers a read. Graph promises no figure; reported: seconds, at times minutes. */
  replicaMs: { calm: [0, 0], azure: [0, 4_000], storm: [0, 120_000] },
  /** From a change to its notification. Docs: unknown for users and groups; reported: 1 to 15 s. */
  notificationMs: { calm: [0, 0], azure: [500, 10_000], storm: [1_000, 60_000] },
  /** Endpoints of webhooks that are slowed down or dropped for slow answers. Docs: all of them. */
  judgedEndpoints: { calm: 0, azure: 1, storm: 1 },
  /** Notifications that never come. Docs: loss is silent for users and groups. */
  lostNotifications: { calm: 0, azure: 0.01, storm: 0.1 },
  /** Notifications that come twice. Docs promise no exactly-once. */
  doubledNotifications: { calm: 0, azure: 0.05, storm: 0.2 },
  /**
   * How long Graph may tell an app of changes until it wants to be authorized again: as long as the token behind the
   * subscription lives. Docs: access tokens live for 60 to 90 minutes.
   */
  subscriptionAccessMs: {
    calm: [Infinity, Infinity],
    azure: [3_600_000, 5_400_000],
    storm: [3_600_000, 5_400_000],
  },
  /** Group notifications without `members@delta`, which is undocumented. */
  withoutMembersDelta: { calm: 0, azure: 0.1, storm: 0.5 },
  /** Pages without anything on them but a next link. Docs: legal. */
  emptyPages: { calm: 0, azure: 0.01, storm: 0.1 },
  /** Pages with fewer items than asked for, and a next link. Docs: legal. */
  smallPages: { calm: 0, azure: 0.02, storm: 0.3 },
  /** Writes of members that meet a conflict (409) and were not carried out. Reported for parallel writes to one group. */
  writeConflicts: { calm: 0, azure: 0.01, storm: 0.1 },
  /** Of these, the part that is answered with 429 or 503 instead. Reported for parts of a batch. */
  conflictsAsTrouble: { calm: 0, azure: 0, storm: 0.5 },
  /** Quotas that go by a tenant's number of users and hold over all tenants as well. Docs: all of them; without, a large tenant's. */
  publishedQuotas: { calm: 0, azure: 1, storm: 1 },
  /** Requests that are throttled although the quota is not used up; the tenant's other applications use it, too. */
  throttled: { calm: 0, azure: 0, storm: 0.03 },
  /** Users that a sync cycle fails on and tries again in the next one. Docs: escrow. */
  failedInCycle: { calm: 0, azure: 0.01, storm: 0.1 },
  /**
   * Active assignments to groups that an administrator cannot remove in their first five minutes. Docs: nobody can deactivate
   * their own in that time; about removals by others they are silent, and people report it for directory roles.
   */
  lastingActivations: { calm: 0, azure: 0, storm: 1 },
  /** How late audit and provisioning logs are. Docs: minutes. */
  logsMs: { calm: [0, 0], azure: [60_000, 300_000], storm: [300_000, 900_000] },
  /** How long each delivery of a message to a receiver takes. Measured by others: 5 to 50 ms, more in bursts. */
  deliveryMs: { calm: [0, 0], azure: [20, 100], storm: [50, 1_000] },
  /** Deliveries whose lock is lost while the receiver works; the invocation goes on. */
  lostLocks: { calm: 0, azure: 0, storm: 0.03 },
  /** Deliveries whose AMQP link is detached by force while the receiver works. Docs: a standard behaviour of the service. */
  droppedLinks: { calm: 0, azure: 0, storm: 0.01 },
  /** Messages that are delivered once more after they were completed. Peek-lock is at least once. */
  doubledMessages: { calm: 0, azure: 0, storm: 0.03 },
  /** Grants of a next session that do not go to the one that has waited longest. Docs promise no order among sessions. */
  unorderedSessions: { calm: 0, azure: 1, storm: 1 },
} as const satisfies Readonly<Record<string, Readonly<Record<WeatherName, Span | number>>>>;

export type Weather = {
  readonly [K in keyof typeof table]: (typeof table)[K]["azure"] extends number ? number : Span;
};

export function weatherOf(name: WeatherName): Weather {
  const values = Object.entries(table).map(([what, by]) => [what, by[name]]);
  return Object.fromEntries(values) as Weather; // one entry for every row of the table
}
