/**
 * What a tenant and an app may use: "Identity and access service limits",
 * https://learn.microsoft.com/graph/throttling-limits (2026-02-06).
 */
export type Quotas = {
  /** Resource units in 10 s, per app and tenant. */
  readonly units: (users: number) => number;
  /** Writes in 150 s, per app and tenant. */
  readonly writes: number;
  /** Resource units in 20 s and writes in 5 min, per app over all tenants; none when left out. */
  readonly app: { readonly units: number; readonly writes: number } | undefined;
};

/** What a world may set instead. */
export type Limits = {
  readonly resourceUnits?: number;
  readonly writes?: number;
  readonly appResourceUnits?: number;
  readonly appWrites?: number;
};

const ofLargeTenant = 8_000;

export function quotasOf(limits: Limits, kind: "published" | "generous"): Quotas {
  const { resourceUnits, writes = 3_000, appResourceUnits, appWrites } = limits;
  const isLimited = kind === "published" || appResourceUnits !== undefined || appWrites !== undefined;
  return {
    units: (users) => resourceUnits ?? (kind === "published" ? unitsFor(users) : ofLargeTenant),
    writes,
    app: isLimited ? { units: appResourceUnits ?? 150_000, writes: appWrites ?? 35_000 } : undefined,
  };
}

function unitsFor(users: number): number {
  if (users < 50) return 3_500;
  return users <= 500 ? 5_000 : ofLargeTenant;
}
