import { didYouMean } from "./did-you-mean.ts";
import { show } from "./problem.ts";

/** The template whose value proves in a target whose account it is. */
export const identityTemplate = "{id}";

const placeholders = ["{roles}", "{id}"];

const usePlaceholders = "use {roles} or {id}";

export const placeholderPattern = /\{(roles|id)\}/g;

/** What is wrong with a stamp's template, if anything. */
export function templateMistake(template: string): { message: string; hint: string } | undefined {
  const names = [...template.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? "");
  const unknown = names.find((name) => !placeholders.includes(`{${name}}`));
  if (unknown !== undefined) {
    const hint = didYouMean(`{${unknown}}`, placeholders, usePlaceholders);
    return { message: `${show(`{${unknown}}`)} is not a placeholder`, hint };
  }
  if (/[{}]/.test(template.replaceAll(placeholderPattern, ""))) {
    return { message: `${show(template)} has a brace without its partner`, hint: usePlaceholders };
  }
  if (names.length === 0) {
    const message = `${show(template)} is the same for everybody, so it would outlive an analyst's roles`;
    return { message, hint: usePlaceholders };
  }
  return undefined;
}
