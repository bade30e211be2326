/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.demonstration;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** Time of all processors that this process had: what is left of a timing where others are at work. */
public final class ProcessorTime {

    private ProcessorTime() {}

    /**
     * The time since the process began.
     *
     * @return seconds; 0 where the machine does not tell
     */
    public static double seconds() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system.getProcessCpuTime() / 1e9
                : 0;
    }
}
