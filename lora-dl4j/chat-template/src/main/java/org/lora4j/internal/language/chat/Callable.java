/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

/** What a template can call: its macros, functions of ours, and methods of texts, lists and dictionaries. No others exist. */
@FunctionalInterface
interface Callable {

    Object call(Scope scope, CallArguments arguments);
}
