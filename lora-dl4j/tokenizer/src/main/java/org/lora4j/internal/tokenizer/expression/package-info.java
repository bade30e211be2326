/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Regular expressions of tokenizers, in time that is bounded whatever the text: an own matcher for Oniguruma's syntax, and the
 * sets of code points that it and tokenizers know by name. Uses {@code error} only.
 */
package org.lora4j.internal.tokenizer.expression;
