import type { Truth } from "../../lab/graph/record/truth.ts";
import { openStates } from "./administrator.ts";
import type { Citizen, WantedKeys } from "./census.ts";
import { idsOf, scopeName, scopePackage, syncOf } from "./ids.ts";
import { eligibleGroups, isFirst, packageNames, plainGroups } from "./lay-out.ts";
import type { Climate, Deed, TargetPlan } from "./plan.ts";

/** One person and one target when everything has had its time, and what people did there by hand. */
export type Pair = {
  readonly citizen: Citizen;
  readonly past: string;
  /** Whether another citizen bore the name before. */
  readonly isHiredAgain: boolean;
  /** Whether another user of the source has the same mail, or had it for a while. */
  readonly sharesMail: boolean;
  /** Whose accounts are theirs: a target that invites knows people by their address, which is the last one's who bears it. */
  readonly owners: ReadonlySet<string>;
  readonly target: TargetPlan;
  readonly climate: Climate;
  readonly wanted: WantedKeys;
  /** The kinds of deeds by which people interfered, and what they took away: "take group Readers". */
  readonly byHand: ReadonlySet<string>;
  readonly truth: Truth;
  /** Of the source. */
  readonly home: Truth;
  readonly hasWorked: boolean;
  /** Whether it was proven since it last changed that they are out. */
  readonly isProvenOut: boolean;
  /** Whether people are shown that nothing proves it. */
  readonly isOrphan: boolean;
  /** What people were told of the pair. */
  readonly reasons: readonly string[];
};

/** What is wrong, in words: `robbed` of somebody who lacks something, `lost` of what somebody keeps. */
export function judgePair(pair: Pair): readonly string[] {
  if (pair.target.mode === "observe") return judgeObserved(pair);
  return pair.wanted.size > 0 ? judgeStaying(pair) : judgeLeaver(pair);
}

const accountsOf = ({ truth, owners }: Pair) =>
  truth.accounts.filter(({ sourceId }) => sourceId !== undefined && owners.has(sourceId));

type Has = { readonly what: string; readonly by: string };

/**
 * Everything that the policies of these worlds can give in a target, and who gave it. Memberships of an account in the recycle bin are in
 * there with it, and nobody can take them; packages can be taken.
 */
function holdingsOf({ truth, target }: Pair, accounts: ReadonlySet<string>): readonly Has[] {
  const live = new Set(truth.accounts.flatMap(({ id, state }) => (state === "live" ? [id] : [])));
  const groupCalled = new Map([...plainGroups].map((name) => [idsOf.group(target.name, name), name]));
  const rightCalled = new Map([...eligibleGroups].map((name) => [idsOf.group(target.name, name), name]));
  const packageCalled = new Map(packageNames(target).map((name) => [idsOf.package(target.name, name), name]));
  const named = (
    kind: string,
    names: ReadonlyMap<string, string>,
    id: string,
    by: string,
  ): readonly Has[] => {
    const name = names.get(id);
    return name === undefined ? [] : [{ what: `${kind} ${name}`, by }];
  };
  return [
    ...truth.members.flatMap(({ group, member, by }) =>
      accounts.has(member) && live.has(member) ? named("group", groupCalled, group, by) : [],
    ),
    ...truth.standings.flatMap(({ standing, group, account, how, by }) => {
      if (!accounts.has(account) || !live.has(account)) return [];
      if (standing === "eligibility") return named("eligible", rightCalled, group, by);
      return how === "activated" ? named("active", rightCalled, group, by) : [];
    }),
    ...truth.assignments.flatMap((one) =>
      one.account !== undefined && accounts.has(one.account) && one.state !== "expired"
        ? named("package", packageCalled, one.package, one.by)
        : [],
    ),
  ];
}

/** Of the person's accounts, or of whoever is asked for by their address. */
function openRequests({ truth, citizen }: Pair, accounts: ReadonlySet<string>) {
  return truth.requests.filter(
    ({ account, mail, state, type }) =>
      openStates.has(state) &&
      type === "adminAdd" &&
      (account === undefined ? mail === citizen.mail.toLowerCase() : accounts.has(account)),
  );
}

const isToldOf = ({ reasons }: Pair, words: RegExp) => reasons.some((reason) => words.test(reason));

const touchesAccount: readonly Deed["kind"][] = [
  "into scope",
  "out of scope",
  "block",
  "remove account",
  "stamp with a stranger's id",
  "make a second account",
];

/** What lets somebody reach the target by Muster's doing. Who is in the recycle bin has it there, where nobody can take it. */
function hasScope({ home, citizen, target }: Pair): boolean {
  if (citizen.state !== "live") return false;
  const group = idsOf.group("source", scopeName(target.name));
  const { servicePrincipal } = syncOf(target.name);
  return (
    home.members.some((one) => one.group === group && one.member === citizen.id && one.by === "app") ||
    home.appRoles.some(
      (one) => one.servicePrincipal === servicePrincipal && one.user === citizen.id && one.by === "app",
    ) ||
    home.assignments.some(
      (one) =>
        one.package === scopePackage(target.name) &&
        one.account === citizen.id &&
        one.state !== "expired" &&
        one.by === "app",
    )
  );
}

/** Requests for the package of the source that puts people in scope. */
const scopeRequests = ({ home, citizen, target }: Pair) =>
  home.requests.filter(
    (one) =>
      one.package === scopePackage(target.name) &&
      one.account === citizen.id &&
      one.type === "adminAdd" &&
      openStates.has(one.state),
  );

function judgeObserved(pair: Pair): readonly string[] {
  const accounts = accountsOf(pair);
  const ids = new Set(accounts.map(({ id }) => id));
  return [
    ...holdingsOf(pair, ids).flatMap(({ what, by }) =>
      by === "app" ? [`written: ${what} in mode observe`] : [],
    ),
    ...(hasScope(pair) ? ["written: the scope in mode observe"] : []),
  ];
}

function judgeStaying(pair: Pair): readonly string[] {
  const { target, wanted, byHand, past } = pair;
  const accounts = accountsOf(pair);
  const live = accounts.filter(({ state }) => state === "live");
  const findings: string[] = [];
  if (live.length > 1) findings.push(`doubled: ${live.length} accounts`);
  const ids = new Set(accounts.map(({ id }) => id));
  const held = holdingsOf(pair, ids);
  const kept = held.filter(
    ({ what, by }) => by === "app" && !wanted.has(what.replace(/^active /, "eligible ")),
  );
  if (target.mode === "full") findings.push(...kept.map(({ what }) => `lost: keeps ${what}`));
  // Whoever meddles with the account itself decides what becomes of it.
  if (touchesAccount.some((kind) => byHand.has(kind))) return findings;
  // Who is hired again with the address of one who is gone for good is led to that one's account, and a person has to look.
  const isUnproven = /is not proven to be theirs|whose account that is does not show/;
  if ((pair.isHiredAgain || pair.sharesMail) && isToldOf(pair, isUnproven)) return findings;
  const [account] = live;
  if (account === undefined) return [...findings, ...lacksAccount(pair)];
  if (!account.isEnabled && !mayBeBlocked(pair, { held, ids }))
    findings.push("robbed: the account is blocked");
  // Whose a guest account is shows when a package is delivered to it for them, and not before.
  const isAnothers = pair.isHiredAgain || (past !== "new" && isUnasked(pair, ids));
  const isAwaited = isToldOf(pair, /does not get /) || openRequests(pair, ids).length > 0;
  if (target.topology === "pull" && isAnothers && isAwaited) return findings;
  const lacking = [...wanted].filter((key) => !held.some(({ what }) => what === key));
  return [...findings, ...lacking.flatMap((key) => lacks(pair, key, ids))];
}

/** Entitlement management of a target that invites blocks whoever has lost the last package, and Muster is not always to undo that. */
function mayBeBlocked(
  pair: Pair,
  { held, ids }: { readonly held: readonly Has[]; readonly ids: ReadonlySet<string> },
): boolean {
  const { target, byHand } = pair;
  if (target.topology !== "pull") return false;
  // Somebody took the last one away: that they are blocked is respected, also where the package is given again.
  if ([...byHand].some((one) => one.startsWith("take package "))) return true;
  if (held.some(({ what }) => what.startsWith("package "))) return false;
  // It has ended by its own rule and is not to be renewed; or nobody waits for an approver before a lost role's package goes.
  const isOver = packagesOf(pair).some(({ expires, renew }) => expires !== null && !renew);
  const isUnapproved = packagesOf(pair).every(({ policy }) => policy === "With approval");
  const isAsked = openRequests(pair, ids).length > 0 || isToldOf(pair, /does not get /);
  return isOver || (isUnapproved && isAsked);
}

/** The packages that they are to have. */
const packagesOf = ({ target, wanted }: Pair) =>
  Object.values(target.grants).flatMap(({ package: one }) =>
    one !== null && wanted.has(`package ${one.name}`) ? [one] : [],
  );

/** Nothing was ever delivered to these accounts. */
const isUnasked = ({ truth }: Pair, accounts: ReadonlySet<string>) =>
  !truth.assignments.some(({ account }) => account !== undefined && accounts.has(account));

function lacksAccount(pair: Pair): readonly string[] {
  const isDeniedScope = isToldOf(pair, /does not come into scope /);
  if (pair.target.topology === "push")
    return scopeRequests(pair).length > 0 || isDeniedScope ? [] : ["robbed: no account"];
  const waits = openRequests(pair, new Set()).length > 0;
  const isDenied = isToldOf(pair, /does not get /);
  return waits || isDenied ? [] : ["robbed: no account, and nothing that waits for one"];
}

function lacks(pair: Pair, key: string, accounts: ReadonlySet<string>): readonly string[] {
  const { target, byHand, truth } = pair;
  const isTaken = byHand.has(`take ${key}`);
  if (isTaken && target.onExternalRemoval === "respect") return [];
  if (isTaken && target.onExternalRemoval === "hold" && isToldOf(pair, /somebody else has taken/)) return [];
  // A review that was applied is respected.
  if (byHand.has(`review ${key}`)) return [];
  if (!key.startsWith("package ")) return [`robbed: lacks ${key}`];
  const plan = Object.values(target.grants).find((one) => `package ${one.package?.name}` === key)?.package;
  const requests = truth.requests.filter(
    (one) =>
      one.package === idsOf.package(target.name, plan?.name ?? "") &&
      one.account !== undefined &&
      accounts.has(one.account),
  );
  const isOpen = requests.some(({ state }) => openStates.has(state));
  const hasEnded = plan?.expires !== null && requests.some(({ state }) => state === "delivered");
  const isRefused = isToldOf(pair, /does not get /);
  return isOpen || hasEnded || isRefused || isTaken ? [] : [`robbed: lacks ${key}`];
}

function judgeLeaver(pair: Pair): readonly string[] {
  const { target, hasWorked, isProvenOut, isOrphan, reasons, byHand } = pair;
  const accounts = accountsOf(pair);
  const ids = new Set(accounts.map(({ id }) => id));
  const findings: string[] = [];
  const isFull = target.mode === "full";
  if (isFull) {
    for (const { what, by } of holdingsOf(pair, ids)) if (by === "app") findings.push(`lost: keeps ${what}`);
    const open = [...openRequests(pair, ids), ...scopeRequests(pair)].filter(({ by }) => by === "app");
    for (const { id } of open)
      if (!reasons.some((reason) => reason.includes(id))) findings.push(`unheard: the request ${id} is open`);
    // An account from before would go with the scope; when somebody takes it by hand, and sync may bring it back, nobody has to look.
    const isBefore = (by: string) =>
      by !== "app" || (pair.past === "veteran" && byHand.has("remove account"));
    const keepsAccount =
      pair.climate.leavers.accounts === "owned" &&
      accounts.some(({ state, by }) => isBefore(by) && (state === "live" || byHand.has("remove account")));
    if (hasScope(pair) && !keepsAccount) findings.push("lost: keeps the scope");
    if (!touchesAccount.some((kind) => byHand.has(kind))) findings.push(...judgeAccounts(pair));
    if (hasWorked && !isProvenOut && !isOrphan)
      findings.push("unproven: has left, and neither proof nor finding says so");
  }
  return findings;
}

/** What is to become of a leaver's accounts. */
function judgeAccounts(pair: Pair): readonly string[] {
  const { target, climate, past, hasWorked, byHand } = pair;
  const { block, deleteAfter, accounts: whose } = climate.leavers;
  const isCrowned = byHand.has("make a role holder") && !byHand.has("unmake a role holder");
  return accountsOf(pair).flatMap(({ state, isEnabled, by }) => {
    const isBefore = by !== "app";
    if (state !== "live") return [];
    if (target.topology === "pull") return [];
    const stays = isBefore && (whose === "owned" || !hasWorked);
    if (stays)
      return isEnabled || past === "twin" || !pair.citizen.isEnabled
        ? []
        : ["robbed: the account from before is blocked"];
    if (isCrowned)
      return isToldOf(pair, /refuse|role/i) ? [] : ["unheard: the account of a role holder stays"];
    if (deleteAfter !== "never") return ["lost: the account is not deleted"];
    return isEnabled && block ? ["lost: the account is not blocked"] : [];
  });
}

/** An account from before that its owner kept: it is still there, and nobody has blocked it. */
export function judgeVeteran(pair: Pair): readonly string[] {
  const { truth, target, citizen, past, climate, byHand, isHiredAgain } = pair;
  // It was the first one's, and went with them.
  if (isHiredAgain) return [];
  if (past !== "veteran" || !isFirst(target) || climate.leavers.accounts === "all") return [];
  if (touchesAccount.some((kind) => byHand.has(kind))) return [];
  const account = truth.accounts.find(({ id }) => id === idsOf.account(target.name, citizen.person));
  if (account?.state === "live" || citizen.state !== "live") return [];
  return ["robbed: the account from before is gone"];
}
