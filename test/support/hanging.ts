import type { Archive } from "../../lib/index.js";

export const never = () => new Promise<never>(() => {});

/**
 * `target`, except that calls of `method` are never answered.
 *
 * @param onCall - Told of each.
 */
export function hanging<T extends object>(
	target: T,
	method: keyof T,
	onCall: () => void,
): T {
	const hang = () => {
		onCall();
		return never();
	};
	return replacing(target, method, hang as T[keyof T]);
}

/** An archive whose staged jobs are like that. */
export function hangingStages(
	archive: Archive,
	method: "append" | "seal",
	onCall: () => void,
): Archive {
	return replacing(archive, "stage", async (key) =>
		hanging(await archive.stage(key), method, onCall),
	);
}

/** `target` with `replacement` in place of `method`. */
export function replacing<T extends object, M extends keyof T>(
	target: T,
	method: M,
	replacement: T[M],
): T {
	return new Proxy(target, {
		get(_, name) {
			if (name === method) return replacement;
			const value = Reflect.get(target, name);
			// Classes with private fields know only themselves.
			return typeof value === "function" ? value.bind(target) : value;
		},
	});
}
