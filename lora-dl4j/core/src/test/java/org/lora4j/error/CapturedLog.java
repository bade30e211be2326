/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import org.slf4j.LoggerFactory;
import org.slf4j.event.EventConstants;
import org.slf4j.impl.SimpleLogger;

/** What a class logs, though tests print errors alone. */
public final class CapturedLog {

    private CapturedLog() {}

    /** At level warn and above. */
    public static String of(Class<?> logger, Runnable work) {
        return of(logger, EventConstants.WARN_INT, work);
    }

    /** At level info and above. */
    public static String ofInfo(Class<?> logger, Runnable work) {
        return of(logger, EventConstants.INFO_INT, work);
    }

    private static String of(Class<?> logger, int from, Runnable work) {
        PrintStream before = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        int level = level(logger, from);
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
