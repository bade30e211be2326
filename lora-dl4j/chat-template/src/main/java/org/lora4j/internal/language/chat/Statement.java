/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

/** Something in a template that is done. */
@FunctionalInterface
interface Statement {

    /** What comes behind a statement. */
    enum Next {
        STATEMENT,
        ITERATION,
        END_OF_LOOP
    }

    Next run(Scope scope);
}
