/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.LinkedHashMap;
import java.util.Map;

/** What the library advises to programmers, as advice to somebody who types. */
final class UserWords {

    private static final Map<String, String> WORDS = words();

    private UserWords() {}

    private static Map<String, String> words() {
        Map<String, String> words = new LinkedHashMap<>();
        words.put("encoder.withMaxLength(...) takes more of them", "--set max-length=N takes more of them");
        words.put("skipEmpty() on the builder leaves", "--set skip-empty=true leaves");
        words.put("or leave such examples out by skipInvalid()", "or leave such rows out: --skip-bad N");
        words.put("by replaceAdapter()", "by beginning anew");
        words.put("fit(train) makes one", "without --validation one is made");
        words.put("Call resume(batches) to go on with that run", "Go on with that run: --resume");
        words.put(" Then call resume(batches)", " Then go on: --resume");
        words.put("longRows of the builder", "--set long-rows=cut-start or cut-end");
        words.put("LongRows.CUT_START", "--set long-rows=cut-start");
        words.put("LongRows.CUT_END", "--set long-rows=cut-end");
        words.put("Lower the learning rate", "Lower the learning rate: --learning-rate");
        words.put(
                "Call TextClassifier.load(directory, folder), or load(directory, encoder)",
                "Say where it is: --base DIR");
        words.put("Give its folder, or the encoder: load(directory, encoder)", "Say where it is: --base DIR");
        return words;
    }

    static String of(String message) {
        String said = message;
        for (Map.Entry<String, String> word : WORDS.entrySet()) {
            said = said.replace(word.getKey(), word.getValue());
        }
        return said;
    }
}
