/** An empty map from arbitrary names. Without a prototype, so that `__proto__` and `constructor` are keys like any other. */
export function record<T>(): Record<string, T> {
	return Object.create(null) as Record<string, T>;
}
