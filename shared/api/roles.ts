/** The app roles on Muster's application, as tokens name them. docs/api.md says how to make them. */
export const apiRoles = {
  "Muster.Read": "sees what Muster has compared, found and planned",
  "Muster.Operate": "has Muster compare and repair, and sees all of that",
} as const;
export type ApiRole = keyof typeof apiRoles;

/** Whoever operates sees what they have done. No other role implies another. */
const sufficient: Readonly<Record<ApiRole, readonly string[]>> = {
  "Muster.Read": ["Muster.Read", "Muster.Operate"],
  "Muster.Operate": ["Muster.Operate"],
};

/** Whether somebody with these roles may use what takes that role. */
export const suffices = (held: readonly string[], needed: ApiRole): boolean =>
  sufficient[needed].some((role) => held.includes(role));
