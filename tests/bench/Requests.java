import com.sun.tools.attach.VirtualMachine;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/*
 * Tells what a broker has been asked since it began, a line a kind of request: its name, how many, and of the last
 * minutes the mean time in ms in all and at work. java Requests.java PID
 */
public class Requests {
    static final String[] KINDS = {"Produce", "FetchConsumer"};

    static Object ask(MBeanServerConnection broker, String metric, String kind, String attribute) throws Exception {
        return broker.getAttribute(new ObjectName("kafka.network:type=RequestMetrics,name=" + metric + ",request=" + kind),
            attribute);
    }

    /* Kafka counts by the version of the request too. */
    static long count(MBeanServerConnection broker, String kind) throws Exception {
        long sum = 0;
        for (ObjectName name : broker.queryNames(
                new ObjectName("kafka.network:type=RequestMetrics,name=RequestsPerSec,request=" + kind + ",*"), null))
            sum += (Long) broker.getAttribute(name, "Count");
        return sum;
    }

    public static void main(String[] arguments) throws Exception {
        VirtualMachine machine = VirtualMachine.attach(arguments[0]);
        try (var connector = JMXConnectorFactory.connect(new JMXServiceURL(machine.startLocalManagementAgent()))) {
            MBeanServerConnection broker = connector.getMBeanServerConnection();
            for (String kind : KINDS)
                System.out.println(kind + " " + count(broker, kind) + " " + ask(broker, "TotalTimeMs", kind, "Mean") + " "
                    + ask(broker, "LocalTimeMs", kind, "Mean"));
        } finally {
            machine.detach();
        }
    }
}
