/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.trust;

import java.util.List;
import org.lora4j.error.Arguments;

/**
 * What a verification passes over.
 *
 * @param ignoredPaths paths below the directory that are not looked at, with all that is below them
 * @param ignoreUnsignedFiles whether files that the signature does not name may be there
 * @apiNote Status: experimental
 */
public record SignatureOptions(List<String> ignoredPaths, boolean ignoreUnsignedFiles) {

    /** Every file has to be signed. */
    public static final SignatureOptions STRICT = new SignatureOptions(List.of(), false);

    /**
     * Copies the list.
     *
     * @param ignoredPaths as in the record
     * @param ignoreUnsignedFiles as in the record
     */
    public SignatureOptions {
        ignoredPaths = List.copyOf(Arguments.allRequired(ignoredPaths, "SignatureOptions: ignoredPaths", "a path"));
    }
}
