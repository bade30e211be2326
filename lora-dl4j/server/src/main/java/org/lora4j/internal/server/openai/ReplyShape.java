/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.lora4j.language.LanguageTokenizer;

/** What differs between the answers of both kinds of requests. */
interface ReplyShape {

    /** What ids of answers begin with. */
    String idPrefix();

    /** What an answer is, or a piece of one. */
    String object(boolean isPiece);

    /** A text in an answer, with the calls that were in it. */
    ObjectNode choice(String text, List<ToolCalls.Call> calls);

    /** What a text begins with in a stream, with what is to be shown at once; null for nothing. */
    ObjectNode first(String text);

    /** A piece of a text in a stream. */
    ObjectNode piece(String text);

    /** A call in a stream. */
    ObjectNode call(ToolCalls.Call call);

    /** The end of a text in a stream. */
    ObjectNode last();

    /** Tokens with their probabilities. */
    JsonNode logs(LanguageTokenizer tokenizer, List<TokenLogs.Entry> entries);
}
