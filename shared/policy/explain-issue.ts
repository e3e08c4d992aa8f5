import type * as z from "zod";
import { closest } from "./did-you-mean.ts";
import { findLater } from "./not-yet.ts";
import { listed, show, type Finding, type Path } from "./problem.ts";
import { annotationsAt, isAcceptedAt } from "./schema-at.ts";

/** Says in the file's own words what zod found, and what to write instead. */
export function explainIssue(issue: z.core.$ZodIssue): readonly Finding[] {
  const path = issue.path.map((segment) => (typeof segment === "number" ? segment : String(segment)));
  if (issue.code === "invalid_union") return explainUnion(issue);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(path, key));
  if (issue.input === undefined) {
    return [{ kind: "missing", path, message: "missing", hint: annotationsAt(path).description }];
  }
  return [{ kind: "wrong", path, ...explainValue(issue, path) }];
}

/** What may be written in two ways is judged by the one that it looks like. */
function explainUnion(issue: z.core.$ZodIssueInvalidUnion): readonly Finding[] {
  const fits = (one: z.core.$ZodIssue) => one.code !== "invalid_type" || one.path.length > 0;
  const meant = issue.errors.find((issues) => issues.every(fits)) ?? issue.errors[0] ?? [];
  return meant.flatMap((one) => explainIssue({ ...one, path: [...issue.path, ...one.path] }));
}

type Words = Pick<Finding, "message" | "hint"> & { readonly kind?: "later" };

function explainValue(issue: z.core.$ZodIssue, path: Path): Words {
  switch (issue.code) {
    case "custom":
      return {
        message: issue.message,
        hint: typeof issue.params?.hint === "string" ? issue.params.hint : undefined,
      };
    case "invalid_value":
      return notAmong(issue.input, issue.values.map(String), path);
    case "invalid_type":
      return wrongType(issue.input, issue.expected, path);
    case "invalid_format":
      return badFormat(issue.input, path);
    case "too_small":
      return {
        message: `${show(issue.input)} is too small`,
        hint: limitHint(`at least ${issue.minimum}`, path),
      };
    case "too_big":
      return {
        message: `${show(issue.input)} is too large`,
        hint: limitHint(`at most ${issue.maximum}`, path),
      };
    case "invalid_element":
    case "invalid_key":
    case "invalid_union":
    case "not_multiple_of":
    case "unrecognized_keys":
    default:
      return { message: `${show(issue.input)}: ${issue.message}` };
  }
}

function unknownKey(parent: Path, key: string): Finding {
  const path = [...parent, key];
  const later = findLater(path);
  if (later !== undefined) return { kind: "later", path, ...later };
  const { keys } = annotationsAt(parent);
  const meant = closest(key, keys);
  const hint = meant === undefined ? `use ${listed(keys)}` : `did you mean "${meant}"?`;
  return { kind: "unknown", path, message: `unknown key ${show(key)}`, hint, meant };
}

function notAmong(input: unknown, values: readonly string[], path: Path): Words {
  const meant = typeof input === "string" ? closest(input, values) : undefined;
  return {
    message: `${show(input)} is not a ${annotationsAt(path).title}`,
    hint: meant === undefined ? `use ${listed(values)}` : `did you mean "${meant}"?`,
  };
}

function badFormat(input: unknown, path: Path): Words {
  const { title, description } = annotationsAt(path);
  if (title !== "GUID") return { message: `${show(input)} is not a ${title}`, hint: description };
  return {
    message: `${show(input)} is not a GUID`,
    hint: "one looks like 11111111-1111-4111-8111-111111111111",
  };
}

function limitHint(limit: string, path: Path): string {
  const { description } = annotationsAt(path);
  return description === undefined ? limit : `${limit} (${description})`;
}

const typeWords: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a set of keys",
  record: "a set of keys",
};

function wrongType(input: unknown, expected: string, path: Path): Words {
  const wanted = typeWords[expected] ?? expected;
  if (input === null)
    return { message: `empty, where ${wanted} should be`, hint: annotationsAt(path).description };
  return {
    message: `${show(input)} is not ${wanted}`,
    hint: typeHint(input, expected, path) ?? annotationsAt(path).description,
  };
}

function typeHint(input: unknown, expected: string, path: Path): string | undefined {
  if (expected === "string") return quotesHint(input, path);
  if (expected === "array" && typeof input === "string") return `write a list: [${show(input)}]`;
  if (expected === "boolean" && typeof input === "string") return yesNoHint(input);
  if (expected === "number" || expected === "int") return numberHint(input);
  return undefined;
}

/** `socRoles: {roles}` without quotes is a map with one empty key; `employeeId: 0042` is the number 42. */
function quotesHint(input: unknown, path: Path): string | undefined {
  if (typeof input === "number" || typeof input === "boolean") {
    return isAcceptedAt(path, String(input)) ? "put it in quotes" : undefined;
  }
  if (typeof input !== "object" || input === null || Array.isArray(input)) return undefined;
  const [entry, ...others] = Object.entries(input);
  if (entry === undefined || others.length > 0 || entry[1] !== null) return undefined;
  return `put it in quotes: ${show(`{${entry[0]}}`)}`;
}

function yesNoHint(input: string): string | undefined {
  if (/^(yes|y|on|true)$/i.test(input)) return "write true";
  if (/^(no|n|off|false)$/i.test(input)) return "write false";
  return undefined;
}

function numberHint(input: unknown): string | undefined {
  if (typeof input !== "string" || input.trim() === "") return undefined;
  const percent = /^(\d+)\s*%$/.exec(input)?.[1];
  if (percent !== undefined) return `write ${Number(percent) / 100}`;
  return Number.isNaN(Number(input)) ? undefined : "remove the quotes";
}
