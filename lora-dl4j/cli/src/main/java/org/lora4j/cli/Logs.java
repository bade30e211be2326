/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import org.lora4j.train.Progress;

/** What libraries log: progress in its place, warnings of ours as notes, all else only if asked for. */
final class Logs extends Handler {

    private static final String OURS = "org.lora4j";

    private static final Pattern CLASS = Pattern.compile("^[A-Z][A-Za-z]+(\\.[a-zA-Z]+)?: ");

    private final Terminal terminal;
    private final boolean verbose;

    private Logs(Terminal terminal, boolean verbose) {
        this.terminal = terminal;
        this.verbose = verbose;
    }

    /** Takes over the log of the process. */
    static void to(Terminal terminal, boolean verbose) {
        LogManager.getLogManager().reset();
        Logger root = Logger.getLogger("");
        root.setLevel(verbose ? Level.FINE : Level.INFO);
        root.addHandler(new Logs(terminal, verbose));
    }

    @Override
    public void publish(LogRecord entry) {
        if (entry == null) {
            return;
        }
        String name = String.valueOf(entry.getLoggerName());
        boolean ours = name.equals(OURS) || name.startsWith(OURS + ".");
        String message = String.valueOf(entry.getMessage());
        if (verbose) {
            terminal.note(entry.getLevel() + " " + name + ": " + message);
        } else if (name.equals(Progress.class.getName())) {
            terminal.progress(withoutClass(message));
        } else if (ours && entry.getLevel().intValue() >= Level.WARNING.intValue()) {
            // That a run was interrupted the command says itself, with what goes on.
            String note = withoutClass(message);
            if (!note.startsWith("INTERRUPTED")) {
                terminal.note("note: " + note);
            }
        }
    }

    /** Users know no classes: what begins with one speaks of the command that runs. */
    private static String withoutClass(String message) {
        return UserWords.of(CLASS.matcher(message).replaceFirst(""));
    }

    @Override
    public void flush() {
        // Each line is out at once.
    }

    @Override
    public void close() {
        // The streams belong to the process.
    }
}
