/** Application settings are environment variables, as in Azure. */
export type AppSettings = Readonly<Record<string, string | undefined>>;

/** Replaces `%NAME%` by that setting's value; throws when the setting is absent. */
export function substituteSettings(text: string, settings: AppSettings): string {
  return text.replace(/%([^%]+)%/g, (whole, name: string) => {
    const value = settings[name];
    if (value === undefined) throw new Error(`"${whole}" does not resolve: there is no setting ${name}`);
    return value;
  });
}

/** A binding's `connection` names a setting: `AzureWebJobs<name>` wins over `<name>`. */
export function resolveConnection(name: string, settings: AppSettings): string {
  const value = settings[`AzureWebJobs${name}`] ?? settings[name];
  if (value !== undefined && value !== "") return value;
  if (settings[`${name}__fullyQualifiedNamespace`] !== undefined) {
    throw new Error(
      `connection "${name}" names a namespace (${name}__fullyQualifiedNamespace); the lab's broker needs a connection string in ${name}`,
    );
  }
  throw new Error(
    `connection "${name}" does not resolve: there is no setting AzureWebJobs${name} or ${name}`,
  );
}

/** `AzureWebJobs.<function>.Disabled=true` switches one function off. */
export function isDisabled(functionName: string, settings: AppSettings): boolean {
  const value = settings[`AzureWebJobs.${functionName}.Disabled`];
  return value !== undefined && ["true", "1"].includes(value.toLowerCase());
}
