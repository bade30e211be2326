/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.tei;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.lora4j.serve.text.TextServer;
import org.lora4j.tokenizer.Token;

/** Tokens as that protocol has them: with the piece of the text that they stand for, and its place in bytes of UTF-8. */
final class TeiTokens {

    private TeiTokens() {}

    static ArrayNode of(TextServer server, String text, boolean special) {
        int[] bytes = bytesBefore(text);
        ArrayNode tokens = JsonNodeFactory.instance.arrayNode();
        for (Token token : server.tokenize(text, special)) {
            ObjectNode one = tokens.addObject().put("id", token.id());
            boolean around = token.start() < 0;
            one.put("text", around ? token.text() : text.substring(token.start(), token.end()));
            one.put("special", token.special());
            if (around) {
                one.putNull("start").putNull("stop");
            } else {
                one.put("start", bytes[token.start()]).put("stop", bytes[token.end()]);
            }
        }
        return tokens;
    }

    /** How many bytes stand before each character; half of a pair counts for half of its bytes. */
    private static int[] bytesBefore(String text) {
        int[] bytes = new int[text.length() + 1];
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int width = c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
            bytes[i + 1] = bytes[i] + width;
        }
        return bytes;
    }
}
