import { expect } from "chai";
import { type ArchiverError, isArchiverError } from "../../lib/errors.js";

/** The ArchiverError that `promise` rejects with; a test fails when it resolves, or rejects with anything else. */
export async function rejected(
	promise: Promise<unknown>,
): Promise<ArchiverError> {
	try {
		await promise;
	} catch (error) {
		if (!isArchiverError(error)) throw error;
		return error;
	}
	expect.fail("the promise was not rejected");
}

/** Whether a promise is settled once everything that is due has run. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
	let settled = false;
	const settle = () => {
		settled = true;
	};
	promise.then(settle, settle);
	await new Promise(setImmediate);
	return settled;
}
