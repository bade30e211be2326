/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import java.util.Optional;
import org.lora4j.internal.http.JsonFields;

/**
 * Whether an answer comes piece by piece.
 *
 * @param isStream whether it does
 * @param wantsUsage whether the tokens that were used stand at its end
 */
record StreamFields(boolean isStream, boolean wantsUsage) {

    static StreamFields read(JsonFields fields) {
        boolean isStream = fields.flag("stream").orElse(false);
        Optional<JsonFields> options = fields.object("stream_options");
        if (options.isPresent() && !isStream) {
            throw fields.problem("stream_options", "are there without stream; expected \"stream\": true");
        }
        return new StreamFields(
                isStream, options.flatMap(said -> said.flag("include_usage")).orElse(false));
    }
}
