import { expect } from "chai";
import { type ArchiverError, isArchiverError } from "../../lib/errors.js";

/** The ArchiverError that `act` throws; a test fails when it throws none. */
export function thrown(act: () => unknown): ArchiverError {
	try {
		act();
	} catch (error) {
		if (!isArchiverError(error)) throw error;
		return error;
	}
	expect.fail("nothing was thrown");
}
