/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

/** Something in a template that has a value. */
@FunctionalInterface
interface Expression {

    Object evaluate(Scope scope);
}
