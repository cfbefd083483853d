import { isJsonObject } from "../../model/event/event";
import { escapePointer } from "../../model/json/json-pointer";
import { type EnforcedSchema, fragmentOf } from "../read-schema";
import { SCHEMA_ARRAY_KEYWORDS, SCHEMA_KEYWORDS, SCHEMA_MAP_KEYWORDS } from "../schema-keywords";
import { anyChecks } from "./keywords/any";
import { arrayChecks, type Subschemas, unevaluatedItems } from "./keywords/array";
import { dependentChecks, inPlaceChecks } from "./keywords/in-place";
import { numberChecks } from "./keywords/number";
import { objectChecks, unevaluatedProperties } from "./keywords/object";
import { textChecks } from "./keywords/text";
import { type Check, type Keyword, Subschema } from "./subschema";

/** Compiles a schema from `readSchema`, which has checked its references. */
export function compileSubschemas(schema: EnforcedSchema): Subschema {
  return new Compiler().compile(schema, "");
}

class Compiler {
  /** By JSON pointer, and by anchor. */
  private readonly byFragment = new Map<string, Subschema>();

  compile(schema: unknown, path: string): Subschema {
    if (!isJsonObject(schema)) throw new Error(`The schema did not pass readSchema: ${path} is not an object.`);
    const subschema = new Subschema(isNever(schema));
    this.byFragment.set(path, subschema);
    if (typeof schema.$anchor === "string") this.byFragment.set(schema.$anchor, subschema);

    const subschemas = this.subschemasOf(schema, path);
    const others = subschemas.one("unevaluatedProperties");
    const rest = subschemas.one("unevaluatedItems");
    subschema.fill(
      {
        any: both(keywords(anyChecks(schema)), keywords(inPlaceChecks(subschemas, this.refOf(schema)), true)),
        number: keywords(numberChecks(schema)),
        string: keywords(textChecks(schema)),
        array: keywords(arrayChecks(schema, subschemas)),
        object: both(keywords(dependentChecks(subschemas), true), keywords(objectChecks(schema, subschemas))),
      },
      {
        array: rest === null ? null : unevaluatedItems(rest),
        object: others === null ? null : unevaluatedProperties(others),
      },
    );
    return subschema;
  }

  private subschemasOf(schema: EnforcedSchema, path: string): Subschemas {
    const ones = new Map<string, Subschema>();
    const lists = new Map<string, readonly Subschema[]>();
    const maps = new Map<string, ReadonlyMap<string, Subschema>>();
    for (const [keyword, held] of Object.entries(schema)) {
      const at = `${path}/${escapePointer(keyword)}`;
      if (Object.hasOwn(SCHEMA_KEYWORDS, keyword)) {
        ones.set(keyword, this.compile(held, at));
      } else if (Object.hasOwn(SCHEMA_ARRAY_KEYWORDS, keyword) && Array.isArray(held)) {
        lists.set(
          keyword,
          held.map((one: unknown, index) => this.compile(one, `${at}/${index}`)),
        );
      } else if (Object.hasOwn(SCHEMA_MAP_KEYWORDS, keyword) && isJsonObject(held)) {
        const entries = Object.entries(held);
        maps.set(
          keyword,
          new Map(entries.map(([name, one]) => [name, this.compile(one, `${at}/${escapePointer(name)}`)])),
        );
      }
    }
    return {
      one: (keyword) => ones.get(keyword) ?? null,
      list: (keyword) => lists.get(keyword) ?? null,
      map: (keyword) => maps.get(keyword) ?? null,
    };
  }

  /**
   * The target is looked up after the whole schema is compiled, since a reference may point forward or to its own
   * parent.
   */
  private refOf({ $ref }: EnforcedSchema): (() => Subschema) | null {
    if (typeof $ref !== "string") return null;
    const fragment = fragmentOf($ref);
    let target: Subschema | undefined;
    return () => {
      target ??= this.byFragment.get(fragment);
      if (target === undefined) throw new Error(`The schema did not pass readSchema: ${$ref} has no target.`);
      return target;
    };
  }
}

/** `readSchema` turns `false` into `{not: {}}`. */
function isNever(schema: EnforcedSchema): boolean {
  return Object.keys(schema).length === 1 && isJsonObject(schema.not) && Object.keys(schema.not).length === 0;
}

/** One shared array: most subschemas have keywords for only one kind of value. */
const NONE: never[] = [];

function keywords<Value>(checks: readonly Check<Value>[], inPlace = false): readonly Keyword<Value>[] {
  return checks.length === 0 ? NONE : checks.map((check) => ({ check, inPlace }));
}

function both<Value>(one: readonly Keyword<Value>[], other: readonly Keyword<Value>[]): readonly Keyword<Value>[] {
  if (one.length === 0) return other;
  return other.length === 0 ? one : [...one, ...other];
}
