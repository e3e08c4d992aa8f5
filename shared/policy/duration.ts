import { Temporal } from "temporal-polyfill";

/** ISO 8601, whole days and hours only: P0D, P30D, PT12H, P1DT6H. */
export const durationPattern = /^P(?=\d|T\d)(?:\d{1,4}D)?(?:T\d{1,5}H)?$/;

/** The same, and minutes. */
export const shortDurationPattern = /^P(?=\d|T\d)(?:\d{1,4}D)?(?:T(?=\d)(?:\d{1,5}H)?(?:\d{1,5}M)?)?$/;

/** Milliseconds; a day has 24 hours. Only for text that matches one of these patterns. */
export function durationMs(text: string): number {
  return Temporal.Duration.from(text).total("milliseconds");
}

/** What to write instead of a text that is no such duration. */
export const durationHint = (text: string): string =>
  misunderstood(text) ?? 'write days or hours, such as P0D, P30D or PT12H, or "never"';

/** The same where there has to be some time. */
export const lengthHint = (text: string): string =>
  misunderstood(text) ?? "write days or hours, such as P30D or PT12H";

function misunderstood(text: string): string | undefined {
  if (/^permanent$/i.test(text))
    return "it is given for a time and renewed in time: write days, such as P365D";
  if (/^P[\d.,YMWD]*[YM]/i.test(text))
    return "years and months have no fixed length: write days, such as P30D";
  if (/^P\d{1,4}W$/i.test(text)) return `write days: P${Number.parseInt(text.slice(1), 10) * 7}D`;
  if (/^P.*T.*[MS]$/i.test(text)) return "write whole hours, such as PT1H";
  return undefined;
}
