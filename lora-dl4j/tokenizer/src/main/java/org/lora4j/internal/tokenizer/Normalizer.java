/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;

/** Rewrites a text before it is cut. */
@FunctionalInterface
interface Normalizer {

    /** Nothing is changed. */
    Normalizer NONE = text -> text;

    AlignedText normalize(AlignedText text);

    /** Makes each character one other, in its place. */
    static Normalizer mapping(IntUnaryOperator map) {
        return text -> {
            TextBuilder made = new TextBuilder(text);
            for (int i = 0; i < text.length(); i++) {
                made.replace(map.applyAsInt(text.at(i)));
            }
            return made.text();
        };
    }

    /** Leaves characters out. */
    static Normalizer removing(IntPredicate removed) {
        return text -> {
            TextBuilder made = new TextBuilder(text);
            for (int i = 0; i < text.length(); i++) {
                if (removed.test(text.at(i))) {
                    made.skip(1);
                } else {
                    made.replace(text.at(i));
                }
            }
            return made.text();
        };
    }
}
