type Schema = { readonly [keyword: string]: unknown };

/**
 * Whether a value is valid under a JSON Schema, as far as ClusterCockpit's use the language: an oracle that reads their
 * published files, for tests of our own rules. A keyword that it does not know is an error, so that none is passed over.
 *
 * @param schemas - By file name, as `$ref` names them behind `embedfs://`.
 */
export function isValid(
	value: unknown,
	name: string,
	schemas: ReadonlyMap<string, unknown>,
): boolean {
	return matches(value, schemaNamed(name, schemas), schemas);
}

function schemaNamed(name: string, schemas: ReadonlyMap<string, unknown>) {
	const schema = schemas.get(name);
	if (schema === undefined) throw new Error(`there is no schema ${name}`);
	return schema as Schema;
}

function matches(
	value: unknown,
	schema: Schema,
	schemas: ReadonlyMap<string, unknown>,
): boolean {
	const inner = (item: unknown, of: unknown) =>
		matches(item, of as Schema, schemas);
	return Object.entries(schema).every(([keyword, rule]) => {
		switch (keyword) {
			case "$schema":
			case "$id":
			case "title":
			case "description":
				return true;
			case "$ref": {
				const name = String(rule).replace("embedfs://", "");
				return inner(value, schemaNamed(name, schemas));
			}
			case "type":
				return isOfType(value, rule as string);
			case "enum":
				return typeof value === "string" && (rule as string[]).includes(value);
			case "minimum":
				return typeof value !== "number" || value >= (rule as number);
			case "exclusiveMinimum":
				return typeof value !== "number" || value > (rule as number);
			case "items":
				return !Array.isArray(value) || value.every((it) => inner(it, rule));
			case "contains":
				return !Array.isArray(value) || value.some((it) => inner(it, rule));
			case "minItems":
				return !Array.isArray(value) || value.length >= (rule as number);
			case "uniqueItems":
				return !Array.isArray(value) || !rule || areUnique(value);
			case "minProperties":
				return (
					!isObject(value) || Object.keys(value).length >= (rule as number)
				);
			case "required":
				return (
					!isObject(value) ||
					(rule as string[]).every((key) => Object.hasOwn(value, key))
				);
			case "properties":
				return (
					!isObject(value) ||
					Object.entries(rule as Schema).every(
						([key, of]) => !Object.hasOwn(value, key) || inner(value[key], of),
					)
				);
			case "additionalProperties": {
				const named = (schema.properties ?? {}) as Schema;
				return (
					!isObject(value) ||
					Object.keys(value).every(
						(key) => Object.hasOwn(named, key) || inner(value[key], rule),
					)
				);
			}
			default:
				throw new Error(`unknown keyword ${keyword}`);
		}
	});
}

function isOfType(value: unknown, type: string): boolean {
	switch (type) {
		case "object":
			return isObject(value);
		case "array":
			return Array.isArray(value);
		case "integer":
			return Number.isInteger(value);
		case "number":
		case "string":
		case "boolean":
			return typeof value === type;
		default:
			throw new Error(`unknown type ${type}`);
	}
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function areUnique(list: readonly unknown[]): boolean {
	return list.every((a, i) =>
		list.slice(i + 1).every((b) => JSON.stringify(a) !== JSON.stringify(b)),
	);
}
