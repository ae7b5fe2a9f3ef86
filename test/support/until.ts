const PATIENCE_MS = 30_000;

/** Resolves once `condition` holds, looking at every turn of the event loop; rejects when it does not for half a minute. */
export async function until(
	condition: () => boolean | Promise<boolean>,
): Promise<void> {
	const endMs = performance.now() + PATIENCE_MS;
	while (!(await condition())) {
		if (performance.now() > endMs) throw new Error(`in vain: ${condition}`);
		await new Promise(setImmediate);
	}
}
