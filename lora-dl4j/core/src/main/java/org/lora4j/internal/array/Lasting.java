/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import org.bytedeco.javacpp.Pointer;

/**
 * Native objects that are kept from one call to the next. JavaCPP frees what is made within a {@code PointerScope} at the end of
 * the scope, and the scope may be a caller's, who knows nothing of what is kept here.
 *
 * @apiNote Status: internal
 */
public final class Lasting {

    private Lasting() {}

    /**
     * Makes an object outlast the scope that it is made in. It lives until it is closed, or nobody has it any more.
     *
     * @param made a new object, which owns its memory
     * @return the same
     */
    public static <P extends Pointer> P of(P made) {
        made.retainReference();
        return made;
    }
}
