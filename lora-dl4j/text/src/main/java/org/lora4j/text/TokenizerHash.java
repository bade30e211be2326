/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.lora4j.internal.format.file.Sha256;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.TextTokenizer;

/** By what one tokenizer is told from another: its file, or, if it has none, what it makes of some texts. */
final class TokenizerHash {

    private static final List<String> TEXTS = List.of(
            "The quick brown fox jumps over the lazy dog.",
            "0123456789 !\"#$%&'()*+,-./:;<=>?@[]^_`{|}~",
            "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich",
            "unbelievable antidisestablishmentarianism");

    private TokenizerHash() {}

    static String of(TextTokenizer tokenizer) {
        if (tokenizer instanceof HuggingFaceTextTokenizer published) {
            return Sha256.of(published.json());
        }
        StringBuilder ids = new StringBuilder();
        TEXTS.forEach(text -> ids.append(Arrays.toString(tokenizer.encode(text))));
        return Sha256.of(ids.toString().getBytes(StandardCharsets.UTF_8));
    }
}
