/** Requests under way at once for one call. */
const LANES = 16;

/** Does `work` for every item, some at once; when one is rejected, no more are begun. */
export async function inParallel<T>(
	items: Iterable<T>,
	work: (item: T) => Promise<void>,
	lanes = LANES,
): Promise<void> {
	const rest = items[Symbol.iterator]();
	let isFailing = false;
	const lane = async () => {
		for (;;) {
			const next = isFailing ? undefined : rest.next();
			if (next === undefined || next.done) return;
			try {
				await work(next.value);
			} catch (error) {
				isFailing = true;
				throw error;
			}
		}
	};
	await Promise.all(Array.from({ length: lanes }, lane));
}
