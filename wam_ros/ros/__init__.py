"""The ROS 2 layer: the only one that imports rclpy and messages."""
