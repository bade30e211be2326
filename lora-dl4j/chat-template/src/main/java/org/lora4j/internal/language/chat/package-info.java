/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The part of Jinja2 that chat templates of language models are written in, as {@code transformers} sets it up: {@link
 * org.lora4j.internal.language.chat.JinjaTemplate}. Why it is not a library: see the decision on chat templates.
 *
 * <p>A template becomes tokens ({@code Lexer}), then nested functions ({@code StatementParser}, {@code ExpressionParser}), which
 * run over a {@code Scope}. Templates come from strangers: their values are copies of plain Java values, what they can call
 * stands in the tables of {@code Methods}, {@code Filters}, {@code Tests} and {@code Globals}, and all that takes time
 * or memory is paid for from a {@code Budget}. A filter, test or method is added by a line in its table.
 *
 * <p>Uses nothing else of this library.
 */
package org.lora4j.internal.language.chat;
