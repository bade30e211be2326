/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import java.lang.reflect.Method;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;

/**
 * Turns a failure that a subject declares among its {@linkplain Subject#limits() limits} into a skipped test that says
 * why, and the success of such a test into a failure.
 */
final class KnownLimits implements InvocationInterceptor {

    @Override
    public void interceptTestMethod(
            Invocation<Void> invocation,
            ReflectiveInvocationContext<Method> invocationContext,
            ExtensionContext context)
            throws Throwable {
        String rule = invocationContext.getExecutable().getName();
        Subject<?> subject = (Subject<?>) context.getRequiredTestInstance();
        String reason = subject.limits().get(rule);
        if (reason == null) {
            invocation.proceed();
            return;
        }
        try {
            invocation.proceed();
        } catch (Exception | AssertionError broken) {
            Class<?> trainer = context.getRequiredTestClass();
            String name = trainer.getName().substring(trainer.getPackageName().length() + 1);
            String limit = "known limit of " + name + ", " + rule + ": " + reason;
            System.out.println(limit);
            throw new TestAbortedException(limit, broken);
        }
        throw new AssertionFailedError(
                "limits() says of " + rule + ": \"" + reason + "\"; the rule holds. Take it out of limits().");
    }
}
