/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/**
 * What a server tells recordings of the JDK's Flight Recorder, beside {@link org.lora4j.internal.serve.AdapterChange}. While nobody records,
 * it costs nothing.
 */
final class ServerEvents {

    private static final String CATEGORY = "lora4j";

    private ServerEvents() {}

    /** A batch, from the time when there was room for it. */
    @Name("org.lora4j.Batch")
    @Label("Served batch")
    @Category(CATEGORY)
    @StackTrace(false)
    static final class BatchEvent extends Event {
        @Label("Waited")
        @Description("For other batches")
        @Timespan
        private long waited;

        @Label("Alone")
        @Description("Whether no other batch was computed at the same time, since memory had ended")
        private boolean alone;

        static BatchEvent begun(long waited, boolean alone) {
            BatchEvent event = new BatchEvent();
            event.waited = waited;
            event.alone = alone;
            event.begin();
            return event;
        }
    }
}
