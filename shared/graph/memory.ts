/** Asks once for everybody who asks while it is under way, and keeps what was answered, not what failed, for a while. */
export function memory<T>(
  keepMs: number,
  isKept: (answer: T) => boolean = () => true,
): (key: string, ask: () => Promise<T>) => Promise<T> {
  const answers = new Map<string, { readonly until: number; readonly asked: Promise<T> }>();
  return async (key, ask) => {
    const known = answers.get(key);
    if (known !== undefined && known.until > Date.now()) return known.asked;
    const asked = ask();
    answers.set(key, { until: Date.now() + keepMs, asked });
    const answer = await asked.catch((error: unknown) => {
      answers.delete(key);
      throw error;
    });
    if (!isKept(answer)) answers.delete(key);
    return answer;
  };
}
