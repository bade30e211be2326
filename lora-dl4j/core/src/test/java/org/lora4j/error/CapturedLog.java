/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import org.slf4j.LoggerFactory;
import org.slf4j.event.EventConstants;
import org.slf4j.impl.SimpleLogger;

/** What a class logs at level warn and above, though tests print errors alone. */
public final class CapturedLog {

    private CapturedLog() {}

    public static String of(Class<?> logger, Runnable work) {
        PrintStream before = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        int level = level(logger, EventConstants.WARN_INT);
        try {
            work.run();
        } finally {
            level(logger, level);
            System.setErr(before);
        }
        return log.toString(StandardCharsets.UTF_8);
    }

    // SimpleLogger reads its level when it is made, which other tests did.
    private static int level(Class<?> logger, int level) {
        try {
            Field field = SimpleLogger.class.getDeclaredField("currentLogLevel");
            field.setAccessible(true);
            int before = field.getInt(LoggerFactory.getLogger(logger));
            field.setInt(LoggerFactory.getLogger(logger), level);
            return before;
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }
}
