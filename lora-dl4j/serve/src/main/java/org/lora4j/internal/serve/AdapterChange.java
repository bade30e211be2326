/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.serve;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * What becomes of the adapters of a server, as recordings of the JDK's Flight Recorder have it. While nobody records, it costs nothing.
 *
 * @apiNote Status: internal
 */
public enum AdapterChange {
    /** There is one more. */
    REGISTERED,
    /** Another one has its name. */
    REPLACED,
    /** Nobody can ask for it any more. */
    REMOVED,
    /** Read again from its directory, since a request named it. */
    LOADED,
    /** Its values left memory. */
    DROPPED;

    @Name("org.lora4j.Adapter")
    @Label("Change of an adapter")
    @Category("lora4j")
    @StackTrace(false)
    private static final class AdapterEvent extends Event {
        @Label("Adapter")
        private String adapter;

        @Label("Change")
        private String change;

        @Label("Bytes")
        @DataAmount
        private long bytes;
    }

    /**
     * Tells it to recordings.
     *
     * @param adapter the name of the adapter
     * @param bytes what its values take in memory
     */
    public void tell(String adapter, long bytes) {
        AdapterEvent event = new AdapterEvent();
        if (event.isEnabled()) {
            event.adapter = adapter;
            event.change = name();
            event.bytes = bytes;
            event.commit();
        }
    }
}
