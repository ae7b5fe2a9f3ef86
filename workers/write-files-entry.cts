/**
 * What a file archive's writing thread loads first: as an entry, an ES module is refused in a process that was started
 * with `--input-type`, such as `node --input-type=module --eval …`.
 */
import("./write-files.js");
