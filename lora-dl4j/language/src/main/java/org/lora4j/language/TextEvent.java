/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.lora4j.internal.language.sampling.GenerationState;

/** A text that a server has finished, in recordings of the JDK's Flight Recorder. While nobody records, it costs nothing. */
@Name("org.lora4j.Text")
@Label("Served text")
@Category("lora4j")
@StackTrace(false)
final class TextEvent extends Event {

    @Label("New Tokens")
    private int newTokens;

    @Label("End")
    private String end;

    static void tell(GenerationState state) {
        TextEvent event = new TextEvent();
        if (event.isEnabled()) {
            event.newTokens = state.newIds().length;
            event.end = state.end().map(Enum::name).orElse("");
            event.commit();
        }
    }
}
