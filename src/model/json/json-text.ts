/**
 * JSON.stringify for a JSON value of any depth. V8 recurses if a value has a member named like an array index, and
 * overflows the stack near 5,000 levels, which fit in 10 KB. JSON.parse accepts any depth.
 */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    return writeLevels(value);
  }
}

/** A pending output step: a literal text, or a value to write. The last step comes first. */
type Step = { text: string } | { value: unknown };

function writeLevels(whole: unknown): string {
  let text = "";
  const steps: Step[] = [{ value: whole }];
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    if ("text" in step) text += step.text;
    else if (typeof step.value !== "object" || step.value === null) text += JSON.stringify(step.value);
    else steps.push(...stepsOf(step.value).reverse());
  }
  return text;
}

function stepsOf(value: object): Step[] {
  const isArray = Array.isArray(value);
  const members = Object.entries(value).flatMap(([name, member], index): Step[] => [
    { text: `${index === 0 ? "" : ","}${isArray ? "" : `${JSON.stringify(name)}:`}` },
    { value: member },
  ]);
  return [{ text: isArray ? "[" : "{" }, ...members, { text: isArray ? "]" : "}" }];
}
